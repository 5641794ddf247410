"""Tags: what files say of themselves, in one model whatever their format."""
