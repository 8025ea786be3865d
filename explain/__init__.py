"""What in the input a network's answer rests on: layer-wise relevance, and what happens when relevant input goes."""
