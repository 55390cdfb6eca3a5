"""Small shared tables made from facts and tables."""
