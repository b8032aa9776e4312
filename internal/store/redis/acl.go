package redis

import "strings"

// ACL is the line of a Redis ACL file, or of redis.conf, for a user that may do
// what the store needs and no more: the keys and the channel of the prefix, and
// these commands (threat T121). PASSWORD stands for the password.
func ACL(username, prefix string) string {
	line := "user " + username + " on >PASSWORD resetkeys resetchannels -@all ~" + prefix + "* &" + prefix + "events"
	var b strings.Builder
	b.WriteString(line)
	for name := range strings.FieldsSeq(aclCommands) {
		b.WriteString(" +" + name)
	}
	return b.String()
}

// aclCommands are those of the link, and those of the scripts.
const aclCommands = `info time wait publish subscribe unsubscribe evalsha script|load
	get set del exists incr pttl pexpire
	sadd srem smembers zadd zrem zrange zrangebylex zlexcount hsetnx hget hdel hgetall rpush lrange`
