package session

func (f *outFile) readWhole([]byte) (data []byte, done bool, err error) { return nil, false, nil }
