"""Trains a pipeline and prints a table, one row an evaluation."""
import argparse

ap = argparse.ArgumentParser()
ap.add_argument("--dropout", type=float, default=0.1)
ap.add_argument("--learn-rate", type=float, default=0.001)
ap.add_argument("--hidden-width", type=int, default=64)
ap.add_argument("--max-steps", type=int, default=600)
args = ap.parse_args()

print("ℹ Pipeline: ['tok2vec', 'ner']")
print("ℹ Initial learn rate: 0.0")
print("E    #       LOSS TOK2VEC  LOSS NER  ENTS_F  ENTS_P  ENTS_R  SCORE ")
print("---  ------  ------------  --------  ------  ------  ------  ------")
for epoch, step in enumerate(range(0, args.max_steps + 1, 200)):
    score = (80 - args.dropout * 20 - abs(args.learn_rate * 1000 - 2) * 10 + args.hidden_width / 16) - 1 / (step + 1)
    print(f"{epoch:3d}  {step:6d}  {0.0:12.2f}  {200 / (epoch + 1):8.2f}  {score:6.2f}  {score:6.2f}  {score:6.2f}  {score / 100:6.2f}")
print("✔ Saved pipeline to output directory")
