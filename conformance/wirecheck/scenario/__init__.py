"""Conversations: what their two sides say, planned and composed. Sans-I/O."""
