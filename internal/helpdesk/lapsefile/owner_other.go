//go:build !unix

package lapsefile

// adopt changes nothing: files belong to the folder's owner by its access list.
func adopt(string, string) error { return nil }
