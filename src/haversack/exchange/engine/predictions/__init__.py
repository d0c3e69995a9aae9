"""Prediction markets: what is proposed as the answer to a question, and what happens to its market when that is final."""
