// Bargee moves files between two machines; see README.md.
package main

import (
	"os"

	"github.com/bargee/bargee/internal/cli"
)

func main() { os.Exit(cli.Main()) }
