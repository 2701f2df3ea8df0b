#!/usr/bin/env python
"""
Simple training runner

This script provides a simple interface to start the training process.
"""

import sys
from datetime import datetime


def main():
    print("=" * 60)
    print("Welcome to the Landlord Training Runner")
    print("=" * 60)
    print(f"Starting training at: {datetime.now().strftime('%Y-%m-%d %H:%M:%S')}")
    print()

    # Import and run the main training
    try:
        from trainer import Trainer
        from utils import init_logging, set_seed
        from config import Config

        init_logging()
        set_seed(42)

        print("✅ Configuration loaded successfully")
        print(f"📊 Log directory: {Config.LOG_DIR}")
        print(f"💾 Model directory: {Config.MODEL_DIR}")
        print("🚀 Starting training process...")
        print("-" * 40)

        trainer = Trainer()
        trainer.run_training()

        print()
        print("🎉 Training completed successfully!")
    except ImportError as e:
        print(f"❌ Import error: {e}")
        sys.exit(1)
    except KeyboardInterrupt:
        print("\n⚠️  Training interrupted by user")
    except Exception as e:
        print(f"❌ Error during training: {e}")
        import traceback
        traceback.print_exc()
        sys.exit(1)


def show_usage():
    """Show usage information"""
    print("Usage:")
    print("  python run_training.py")


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1] in ['-h', '--help', 'help']:
        show_usage()
    else:
        main()
