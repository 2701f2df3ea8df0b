"""The sections of a report, one in each module: from a record to blocks, every number a fact."""
