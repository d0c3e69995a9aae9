"""What crosses the network: frozen structs and open enums, one file per group of the API."""
