"""Who proposes trials and who cuts them short: engines and pruners, both functions of the recorded history."""
