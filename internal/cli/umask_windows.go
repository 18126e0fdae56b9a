package cli

// setUmask does nothing: Windows has no permission bits.
func setUmask(int) {}
