<?php
/**
 * Administration of a Postrider (or another server that speaks its CLI language) from PHP 7.4 and later.
 *
 *     $server = new Postrider();
 *     $server->connect('127.0.0.1', 7000, 'admin', 'secret');
 *     $server->createDomain('example.net', 'domains/example.net', "postmaster's password");
 *     $server->createAccount('example.net', 'john', 's3cret', ['quotas' => ['totalMessageSize' => 102400]]);
 *     print_r($server->listAccounts('example.net'));
 *     $server->saveConfig();
 *     $server->close();
 *
 * Every refusal of the server throws PostriderCommandException with the server's words; a lost or unexpected
 * dialogue throws PostriderProtocolException. Calls leave the session in its outermost context, after an error too.
 */

class PostriderException extends RuntimeException
{
}

/** The connection was lost, or the server said something unexpected. */
class PostriderProtocolException extends PostriderException
{
}

/** The server refused a command; getMessage() is what it said. */
class PostriderCommandException extends PostriderException
{
    private string $command;

    public function __construct(string $command, string $text)
    {
        parent::__construct($text);
        $this->command = $command;
    }

    public function getCommand(): string
    {
        return $this->command;
    }
}

class Postrider
{
    private const END = '/(?:^|\r\n)((\+OK|-ERR): ?([^\r\n]*))\r\n<([A-Za-z0-9-]*#?)> \z/';
    private const LOGIN = '/<(login|password)> \z/';
    private const MAX_REPLY = 268435456;

    /** @var resource|null */
    private $socket = null;
    private string $context = '';
    private int $timeout;

    public function __construct(int $timeout = 60)
    {
        $this->timeout = $timeout;
    }

    public function __destruct()
    {
        $this->close();
    }

    // ---- the connection

    /** Connects and logs in. */
    public function connect(string $host = '127.0.0.1', int $port = 7000, string $user = 'admin', string $password = ''): void
    {
        if (preg_match('/[\r\n]/', $user . $password)) {
            throw new InvalidArgumentException('a name or password holds a line end');
        }
        $socket = @stream_socket_client("tcp://$host:$port", $code, $text, $this->timeout);
        if ($socket === false) {
            throw new PostriderProtocolException("cannot connect to $host:$port: $text");
        }
        stream_set_timeout($socket, $this->timeout);
        $this->socket = $socket;
        $this->read([self::LOGIN]);
        $this->send('SET QUIET on');
        $this->read([self::LOGIN]);
        $this->send('USER ' . self::quote($user));
        $this->read([self::LOGIN]);
        $this->send($password);
        $reply = $this->read([self::END, self::LOGIN, '/-ERR: [^\r\n]*\r\n\z/']);
        if (!preg_match(self::END, $reply, $found) || $found[2] !== '+OK') {
            $this->close();
            preg_match('/-ERR: ?([^\r\n]*)/', $reply, $refusal);
            throw new PostriderCommandException('USER', $refusal[1] ?? 'log-in failed');
        }
        $this->context = rtrim($found[4], '#');
    }

    /** Says QUIT, and closes in any case. */
    public function close(): void
    {
        if ($this->socket === null) {
            return;
        }
        @fwrite($this->socket, "QUIT\r\n");
        fclose($this->socket);
        $this->socket = null;
    }

    /** A value as one word: texts in double quotes, arrays as sets, booleans as yes and no. */
    public static function quote($value): string
    {
        if (is_bool($value)) {
            return $value ? 'yes' : 'no';
        }
        if (is_int($value)) {
            return (string) $value;
        }
        if (is_array($value)) {
            return '(' . implode(' ', array_map([self::class, 'quote'], array_map('strval', $value))) . ')';
        }
        if (preg_match('/[\x00-\x1f\x7f]/', $value)) {
            throw new InvalidArgumentException('a value holds a control character');
        }
        return '"' . str_replace(['\\', '"'], ['\\\\', '\\"'], $value) . '"';
    }

    private static function unquote(string $text)
    {
        if (strlen($text) >= 2 && $text[0] === '"' && substr($text, -1) === '"') {
            return preg_replace('/\\\\(["\\\\])/', '$1', substr($text, 1, -1));
        }
        if (strlen($text) >= 2 && $text[0] === '(' && substr($text, -1) === ')') {
            return preg_split('/ +/', substr($text, 1, -1), -1, PREG_SPLIT_NO_EMPTY);
        }
        return $text;
    }

    private function send(string $line): void
    {
        if ($this->socket === null) {
            throw new PostriderProtocolException('not connected');
        }
        if (preg_match('/[\r\n]/', $line)) {
            throw new InvalidArgumentException('a command is one line');
        }
        $line .= "\r\n";
        while ($line !== '') {
            $sent = @fwrite($this->socket, $line);
            if ($sent === false || $sent === 0) {
                throw new PostriderProtocolException('the connection was lost');
            }
            $line = substr($line, $sent);
        }
    }

    /** Reads until the end of what came matches one of the patterns. */
    private function read(array $patterns): string
    {
        $got = '';
        while (strlen($got) <= self::MAX_REPLY) {
            $piece = fread($this->socket, 65536);
            $end = $piece === false || ($piece === '' && (feof($this->socket) || stream_get_meta_data($this->socket)['timed_out']));
            $got .= (string) $piece;
            foreach ($patterns as $pattern) {
                if (preg_match($pattern, strlen($got) > 4096 ? substr($got, -4096) : $got)) {
                    return $got;
                }
            }
            if ($end) {
                throw new PostriderProtocolException('the connection was lost: ' . trim(substr($got, -200)));
            }
        }
        throw new PostriderProtocolException('the reply is too long');
    }

    /**
     * Says one line.
     * @return string[] the reply's lines, the status line and the prompt included, as clients count them
     */
    public function command(string $line): array
    {
        $this->send($line);
        $reply = $this->read([self::END]);
        preg_match(self::END, strlen($reply) > 4096 ? substr($reply, -4096) : $reply, $found);
        $this->context = rtrim($found[4], '#');
        if ($found[2] !== '+OK') {
            throw new PostriderCommandException($line, $found[3]);
        }
        return explode("\r\n", $reply);
    }

    /** Says lines one after the other, and goes back to the outermost context, whatever happens. */
    public function script(array $lines): array
    {
        $reply = [];
        try {
            foreach ($lines as $line) {
                $reply = $this->command($line);
            }
        } finally {
            try {
                while ($this->socket !== null && $this->context !== '') {
                    $this->command('BACK');
                }
            } catch (PostriderException $ignored) {
            }
        }
        return $reply;
    }

    private function inDomain(string $domain, array $lines): array
    {
        return $this->script(array_merge(['UPDATE Domain name ' . self::quote($domain)], $lines));
    }

    private static function set(array $attributes): array
    {
        $lines = [];
        foreach ($attributes as $name => $value) {
            $lines[] = "SET $name " . self::quote($value);
        }
        return $lines;
    }

    /** [first:-behind], as documentation of the language writes it. */
    private static function slice(array $lines, int $first, int $behind): array
    {
        return array_slice($lines, $first, count($lines) - $first - $behind);
    }

    private static function pairs(array $lines): array
    {
        $all = [];
        foreach ($lines as $line) {
            [$name, $value] = explode(' = ', $line, 2);
            $all[$name] = self::unquote($value);
        }
        return $all;
    }

    private static function firstWords(array $lines): array
    {
        return array_map(fn ($line) => trim(explode(' | ', $line)[0]), $lines);
    }

    // ---- domains

    public function createDomain(string $name, string $location, string $postmasterPassword, ?string $messagesLocation = null): void
    {
        $lines = ['CREATE Domain name ' . self::quote($name) . ' domainLocation ' . self::quote($location)
            . ' postmasterPassword ' . self::quote($postmasterPassword)];
        if ($messagesLocation !== null) {
            $lines[] = 'ADD MessagesLocation ' . self::quote($messagesLocation);
        }
        $this->script(array_merge($lines, ['COMMIT']));
    }

    public function listDomains(string $wildcard = '*'): array
    {
        return self::firstWords(self::slice($this->command('LIST Domains ' . self::quote($wildcard)), 5, 3));
    }

    public function showDomain(string $name): array
    {
        return self::pairs(self::slice($this->command('SHOW Domain name ' . self::quote($name)), 2, 2));
    }

    public function updateDomain(string $name, array $attributes): void
    {
        $this->inDomain($name, array_merge(self::set($attributes), ['COMMIT']));
    }

    public function deleteDomain(string $name, bool $keepCopy = true): void
    {
        $this->command('DELETE Domain name ' . self::quote($name) . ($keepCopy ? '' : ' dontKeepCopy'));
    }

    public function enableDomain(string $name): void
    {
        $this->command('ENABLE Domain name ' . self::quote($name));
    }

    public function disableDomain(string $name): void
    {
        $this->command('DISABLE Domain name ' . self::quote($name));
    }

    public function listDomainAliases(string $name): array
    {
        return self::slice($this->inDomain($name, ['LIST Aliases']), 2, 3);
    }

    public function addDomainAlias(string $name, string $alias): void
    {
        $this->inDomain($name, ['ADD Alias ' . self::quote($alias), 'COMMIT']);
    }

    public function removeDomainAlias(string $name, string $alias): void
    {
        $this->inDomain($name, ['REMOVE Alias ' . self::quote($alias), 'COMMIT']);
    }

    // ---- accounts. $more: 'attributes', 'quotas', 'limits' and 'contact', each name => value

    private static function parts(array $more): array
    {
        $lines = self::set($more['attributes'] ?? []);
        foreach (['Quotas' => 'quotas', 'Limits' => 'limits', 'ContactInfo' => 'contact'] as $context => $key) {
            if (!empty($more[$key])) {
                $lines = array_merge($lines, ["CONFIG $context"], self::set($more[$key]), ['DONE']);
            }
        }
        return $lines;
    }

    public function createAccount(string $domain, string $name, string $password, array $more = []): void
    {
        $this->inDomain($domain, array_merge(
            ['ADD Account name ' . self::quote($name) . ' password ' . self::quote($password)],
            self::parts($more),
            ['COMMIT']
        ));
    }

    public function listAccounts(string $domain, string $wildcard = '*'): array
    {
        return self::firstWords(self::slice($this->inDomain($domain, ['LIST Accounts ' . self::quote($wildcard)]), 5, 3));
    }

    public function showAccount(string $domain, string $name): array
    {
        return self::pairs(self::slice($this->inDomain($domain, ['SHOW Account name ' . self::quote($name)]), 2, 2));
    }

    public function showContactInfo(string $domain, string $name): array
    {
        return self::pairs(self::slice($this->inDomain($domain, ['UPDATE Account name ' . self::quote($name), 'SHOW ContactInfo']), 2, 3));
    }

    public function showQuotas(string $domain, string $name): array
    {
        return self::pairs(self::slice($this->inDomain($domain, ['UPDATE Account name ' . self::quote($name), 'CONFIG Quotas', 'SHOW']), 2, 3));
    }

    public function updateAccount(string $domain, string $name, array $more): void
    {
        $this->inDomain($domain, array_merge(['UPDATE Account name ' . self::quote($name)], self::parts($more), ['COMMIT']));
    }

    public function deleteAccount(string $domain, string $name): void
    {
        $this->inDomain($domain, ['REMOVE Account name ' . self::quote($name)]);
    }

    public function listAliases(string $domain, string $name): array
    {
        return self::slice($this->inDomain($domain, ['UPDATE Account name ' . self::quote($name), 'LIST Aliases']), 2, 3);
    }

    public function addAlias(string $domain, string $name, string $alias): void
    {
        $this->inDomain($domain, ['UPDATE Account name ' . self::quote($name), 'ADD Alias ' . self::quote($alias), 'COMMIT']);
    }

    public function removeAlias(string $domain, string $name, string $alias): void
    {
        $this->inDomain($domain, ['UPDATE Account name ' . self::quote($name), 'REMOVE Alias ' . self::quote($alias), 'COMMIT']);
    }

    // ---- groups and forwarders: the same calls for both

    private static function each(string $verb, array $addresses): array
    {
        return array_map(fn ($one) => "$verb Address " . self::quote($one), array_values($addresses));
    }

    private function createObject(string $kind, string $domain, string $name, array $addresses, array $attributes): void
    {
        $this->inDomain($domain, array_merge(
            ["ADD $kind name " . self::quote($name)],
            self::each('ADD', $addresses),
            self::set($attributes),
            ['COMMIT']
        ));
    }

    private function updateObject(string $kind, string $domain, string $name, array $attributes, array $add, array $remove): void
    {
        $this->inDomain($domain, array_merge(
            ["UPDATE $kind name " . self::quote($name)],
            self::each('ADD', $add),
            self::each('REMOVE', $remove),
            self::set($attributes),
            ['COMMIT']
        ));
    }

    private function showObject(string $kind, string $domain, string $name): array
    {
        $shown = self::pairs(self::slice($this->inDomain($domain, ["SHOW $kind name " . self::quote($name)]), 2, 2));
        $shown['addresses'] = self::slice($this->inDomain($domain, ["UPDATE $kind name " . self::quote($name), 'LIST Addresses']), 2, 3);
        return $shown;
    }

    private function listObjects(string $kinds, string $domain, string $wildcard): array
    {
        return self::firstWords(self::slice($this->inDomain($domain, ["LIST $kinds " . self::quote($wildcard)]), 5, 3));
    }

    public function createGroup(string $domain, string $name, array $addresses = [], array $attributes = []): void
    {
        $this->createObject('Group', $domain, $name, $addresses, $attributes);
    }

    public function listGroups(string $domain, string $wildcard = '*'): array
    {
        return $this->listObjects('Groups', $domain, $wildcard);
    }

    public function showGroup(string $domain, string $name): array
    {
        return $this->showObject('Group', $domain, $name);
    }

    public function updateGroup(string $domain, string $name, array $attributes = [], array $add = [], array $remove = []): void
    {
        $this->updateObject('Group', $domain, $name, $attributes, $add, $remove);
    }

    public function deleteGroup(string $domain, string $name): void
    {
        $this->inDomain($domain, ['REMOVE Group name ' . self::quote($name)]);
    }

    public function createForwarder(string $domain, string $name, array $addresses = [], array $attributes = []): void
    {
        $this->createObject('Forwarder', $domain, $name, $addresses, $attributes);
    }

    public function listForwarders(string $domain, string $wildcard = '*'): array
    {
        return $this->listObjects('Forwarders', $domain, $wildcard);
    }

    public function showForwarder(string $domain, string $name): array
    {
        return $this->showObject('Forwarder', $domain, $name);
    }

    public function updateForwarder(string $domain, string $name, array $attributes = [], array $add = [], array $remove = []): void
    {
        $this->updateObject('Forwarder', $domain, $name, $attributes, $add, $remove);
    }

    public function deleteForwarder(string $domain, string $name): void
    {
        $this->inDomain($domain, ['REMOVE Forwarder name ' . self::quote($name)]);
    }

    // ---- the server

    public function saveConfig(): void
    {
        $this->command('SAVE CONFIG');
    }
}
