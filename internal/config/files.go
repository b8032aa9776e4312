package config

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Bits that a file must not have.
const (
	// openToOthers: a secret is for its owner alone.
	openToOthers fs.FileMode = 0o077
	// writableByOthers: what is trusted is changed by its owner alone.
	writableByOthers fs.FileMode = 0o022
	// everybodyWrites must not be set on a folder, unless it is sticky.
	everybodyWrites fs.FileMode = 0o002
)

// checkFile returns what has to be done before the file can be trusted, or
// "" (threat T166): it is a regular file, has none of the forbidden bits,
// belongs to the running user or root, does not point out of its folder, and
// the folder is not one in which anybody can replace it.
func checkFile(path string, forbidden fs.FileMode) string {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "the file " + path + " cannot be found; check path and rights"
	}
	folder, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return "the folder of " + path + " cannot be found"
	}
	if rel, err := filepath.Rel(folder, real); err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return path + " is a symbolic link to another folder; name the file itself"
	}
	info, err := os.Stat(real)
	if err != nil {
		return "the file " + path + " cannot be read; check its rights"
	}
	if !info.Mode().IsRegular() {
		return path + " is not a regular file; name a file"
	}
	if text := checkOwner(path, info); text != "" {
		return text
	}
	if modesTell && info.Mode().Perm()&forbidden != 0 {
		return fmt.Sprintf("%s has mode %04o; run: chmod %s %s", path, info.Mode().Perm(), cure(forbidden), path)
	}
	return checkFolder(filepath.Dir(real))
}

// credentials begins the path of a file that the service manager hands to the
// server: LoadCredential= of a systemd unit (systemd.exec(5), "Credentials").
const (
	credentialsDirectory = "CREDENTIALS_DIRECTORY"
	credentials          = "${" + credentialsDirectory + "}/"
)

// privateFile is checkFile for a secret. A credential of systemd may show the
// right of the group to read: that is the mask of the list by which the running
// user may read a file of root's.
func (r *reader) privateFile(path string) string {
	if strings.HasPrefix(path, credentials) {
		return "there are no credentials: " + credentialsDirectory + " is not set; use LoadCredential= in the unit, or name the file itself"
	}
	forbidden := openToOthers
	if dir, ok := r.lookupEnv(credentialsDirectory); ok && filepath.Dir(path) == filepath.Clean(dir) && ownedByRoot(path) {
		forbidden &^= 0o040
	}
	return checkFile(path, forbidden)
}

func cure(forbidden fs.FileMode) string {
	if forbidden&^0o040 == openToOthers&^0o040 {
		return "go-rwx"
	}
	return "go-w"
}

func checkFolder(folder string) string {
	info, err := os.Stat(folder)
	if err != nil {
		return "the folder " + folder + " cannot be read"
	}
	if modesTell && info.Mode().Perm()&everybodyWrites != 0 && info.Mode()&fs.ModeSticky == 0 {
		return fmt.Sprintf("anybody can replace files in %s; run: chmod o-w %s", folder, folder)
	}
	return ""
}
