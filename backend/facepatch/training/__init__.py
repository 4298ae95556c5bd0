"""The one training loop and what it needs: losses, augmentation, checkpoints with exact resume."""
