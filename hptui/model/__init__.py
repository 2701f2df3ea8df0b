"""What it is: parameters, expressions, studies, trials, errors. Standard library only."""
