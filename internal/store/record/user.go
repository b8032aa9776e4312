package record

import "mfaserver/internal/primary"

const userVersion = 1

// EncodeUser is the record of u and its password hash, without id and name.
func EncodeUser(u *primary.User, hash string) []byte {
	var e encoder
	e.byte(userVersion)
	e.flags(u.Disabled, u.Bootstrap)
	e.time(u.CreatedAt)
	e.time(u.PasswordChangedAt)
	e.time(u.LastLogin)
	e.time(u.BootstrapExpires)
	for _, text := range []string{string(u.Role), u.Email, u.FirstName, u.LastName, hash} {
		e.str(text)
	}
	return e.b
}

// DecodeUser reads a record; [ErrDecode].
func DecodeUser(record string) (primary.User, string, error) {
	var u primary.User
	var hash string
	d := decoder{rest: record}
	d.version(userVersion)
	d.flags(&u.Disabled, &u.Bootstrap)
	u.CreatedAt = d.time()
	u.PasswordChangedAt = d.time()
	u.LastLogin = d.time()
	u.BootstrapExpires = d.time()
	for _, text := range []*string{(*string)(&u.Role), &u.Email, &u.FirstName, &u.LastName, &hash} {
		*text = d.str()
	}
	return u, hash, d.end()
}
