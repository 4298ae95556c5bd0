"""The reenactment module (RM): per patch an autoencoder with one shared encoder and a decoder per identity."""
