"""Steps that let mains, plug, load, supplies, storages and parts of the bench fail, and what must follow."""
