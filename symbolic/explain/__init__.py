"""How each derived object was obtained, step by step, each step checked."""
