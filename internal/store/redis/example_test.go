package redis_test

import (
	"fmt"

	"mfaserver/internal/store/redis"
)

// The line for the ACL file of the server.
func ExampleACL() {
	fmt.Println(redis.ACL("mfaserver", redis.DefaultPrefix))
	// Output:
	// user mfaserver on >PASSWORD resetkeys resetchannels -@all ~mfaserver:* &mfaserver:events +info +time +wait +publish +subscribe +unsubscribe +evalsha +script|load +get +set +del +exists +incr +pttl +pexpire +sadd +srem +smembers +zadd +zrem +zrange +zrangebylex +zlexcount +hsetnx +hget +hdel +hgetall +rpush +lrange
}
