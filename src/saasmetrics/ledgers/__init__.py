"""One file per metric type: definition and books become a ledger."""
