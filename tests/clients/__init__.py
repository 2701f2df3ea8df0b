"""Scripts as users have them. None of them knows hptui, except those that import its `report`."""
