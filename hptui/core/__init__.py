"""Values of the domain: studies, trials, spaces, expressions, errors. No I/O, standard library only."""
