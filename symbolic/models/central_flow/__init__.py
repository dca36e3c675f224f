"""The central flow of Cohen et al. 2024, exactly, and its true error against the orbit."""
