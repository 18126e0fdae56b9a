//go:build !linux

package cli

func preferThroughput() {}
