# shellcheck shell=bash
# RabbitMQ on 127.0.0.1:5672 with its management API on 127.0.0.1:15672 (guest/guest), and rabbitmqadmin.
started=$STATE/rabbitmq.started
api_port=15672

# A broker answers the protocol header of AMQP 0-9-1 with a method frame, type 1, on channel 0.
answers() {
  local reply
  exec 4<>/dev/tcp/127.0.0.1/5672 || return
  printf 'AMQP\0\0\011\001' >&4
  reply=$(timeout 3 head -c 3 <&4 | od -An -tx1 | tr -d ' \n')
  exec 4>&-
  [ "$reply" = 010000 ]
}

provide() {
  command -v rabbitmq-server >/dev/null && return
  apt_install rabbitmq-server
  # A host name that does not resolve would keep it from starting.
  local conf=/etc/rabbitmq/rabbitmq-env.conf
  if ! grep -qs '^[^#]' $conf; then
    printf 'NODENAME=rabbit@localhost\nNODE_IP_ADDRESS=127.0.0.1\nexport ERL_EPMD_ADDRESS=127.0.0.1\n' | as_root tee $conf >/dev/null
  fi
}

launch() {
  as_root rabbitmq-server -detached </dev/null >>"$STATE/rabbitmq.log" 2>&1 || die "did not start, see $STATE/rabbitmq.log"
  until_true "${START_TIMEOUT:-120}" answers || die 'does not answer, see /var/log/rabbitmq'
  broker_pid >"$started"
}

broker_pid() { as_root rabbitmqctl -q eval 'os:getpid().' | tr -d '"'; }
is_gone() { [ ! -d "/proc/$1" ]; }

api_get() {
  exec 4<>/dev/tcp/127.0.0.1/$api_port || return
  printf 'GET %s HTTP/1.0\r\n\r\n' "$1" >&4
  timeout 10 cat <&4
  exec 4>&-
}
api_answers() { api_get / | grep -aq '^HTTP/1.. 200'; }

settle() {
  local conf=/etc/rabbitmq/conf.d/management.conf
  # For the node's next start in its configuration, for the running one in its environment.
  if [ ! -e $conf ]; then
    printf 'management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = %s\n' $api_port | as_root install -D -m 644 /dev/stdin $conf
  fi
  if ! api_answers 2>/dev/null; then
    as_root rabbitmqctl -q eval "application:load(rabbitmq_management),
      application:set_env(rabbitmq_management, tcp_config, [{ip, \"127.0.0.1\"}, {port, $api_port}])." >/dev/null
    as_root rabbitmq-plugins -q enable rabbitmq_management >/dev/null
    until_true 60 api_answers || die 'no management API'
  fi
  command -v rabbitmqadmin >/dev/null && return
  api_get /cli/rabbitmqadmin | sed '1,/^\r*$/d' | as_root install -m 755 /dev/stdin /usr/local/bin/rabbitmqadmin
}

halt() {
  local pid
  [ -f "$started" ] || return 0
  read -r pid <"$started"
  if answers 2>/dev/null && [ "$(broker_pid)" = "$pid" ]; then
    as_root rabbitmqctl -q stop
    until_true 60 is_gone "$pid" || die "process $pid does not end"
  fi
  rm -f "$started"
}

ready() { echo "amqp://guest:guest@127.0.0.1:5672, API http://guest:guest@127.0.0.1:$api_port/api"; }
