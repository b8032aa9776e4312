package control

import (
	"net"

	"golang.org/x/sys/unix"
)

// peer asks the kernel who is at the other end (SO_PEERCRED).
func peer(conn *net.UnixConn) (Caller, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return Caller{UID: -1}, err
	}
	var cred *unix.Ucred
	var credErr error
	err = raw.Control(func(fd uintptr) {
		cred, credErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	})
	if err != nil {
		return Caller{UID: -1}, err
	}
	if credErr != nil {
		return Caller{UID: -1}, credErr
	}
	return Caller{UID: int(cred.Uid), PID: int(cred.Pid)}, nil
}
