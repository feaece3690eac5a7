"""Pictures of a participant and of the study: frozen reads in, a drawing with its table out. Nothing here reads the database."""
