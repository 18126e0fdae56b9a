//go:build !unix

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "screentest: needs pseudo terminals as Unix has them")
	os.Exit(2)
}
