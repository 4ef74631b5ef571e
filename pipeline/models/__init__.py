"""The models, one file each; `pipeline.models.catalog` finds them without a list."""
