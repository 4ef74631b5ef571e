"""Tables of measurements: CSV, Parquet and NPZ files become data sets. The only user of polars."""
