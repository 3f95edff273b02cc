"""Finds layers and their sample inputs, and reads arrays from outside."""
