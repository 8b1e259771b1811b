"""Mutants of pages of orders: how they are asked for, what they show and what they tell."""
