"""What stands for packages of somebody else is no part of this suite; `test_packages` runs its tests as they would."""

collect_ignore = ["acme", "broken"]
