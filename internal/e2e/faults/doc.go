// Package faults is in work.
package faults
