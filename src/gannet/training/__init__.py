"""The training engine: trainer, loop, checkpoints and observers. It uses games through their contract only, never by
name.
"""
