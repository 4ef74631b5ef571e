"""What a person looks at: networks, lessons, plots and tables."""
