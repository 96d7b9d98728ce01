"""Content credentials: signed manifests of C2PA in the files of pictures."""
