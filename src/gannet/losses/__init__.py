"""Losses: functions of a discriminator's logits, one side for each player. One file is one loss."""
