"""What long runs share: work in chunks, here or on a cluster, results in files, one style of figures."""
