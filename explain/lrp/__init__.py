"""Layer-wise relevance propagation: which rule serves which layer, its arithmetic, and where relevance goes."""
