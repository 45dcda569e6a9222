<?php
// Uses every call of clients/php/Postrider.php against a running server: php cli_client.php LIBRARY PORT PASSWORD
error_reporting(E_ALL);
set_error_handler(function ($level, $text, $file, $line) {
    throw new ErrorException($text, 0, $level, $file, $line);
});
require $argv[1];

function same($expected, $found): void
{
    if ($expected !== $found) {
        throw new Exception('expected ' . json_encode($expected) . ', found ' . json_encode($found));
    }
}

$server = new Postrider();
$server->connect('127.0.0.1', (int) $argv[2], 'admin', $argv[3]);
$domain = 'php.example';
$server->createDomain($domain, "domains/$domain", 'p m');
same(true, in_array($domain, $server->listDomains(), true));
same([$domain], $server->listDomains('php*'));
$server->updateDomain($domain, ['customerReference' => 'a "b" \\c', 'services' => ['imap']]);
same('a "b" \\c', $server->showDomain($domain)['customerReference']);
same(['imap'], $server->showDomain($domain)['services']);
$server->addDomainAlias($domain, 'ph.example');
same(['ph.example'], $server->listDomainAliases($domain));
$server->removeDomainAlias($domain, 'ph.example');
$server->disableDomain($domain);
$server->enableDomain($domain);

$server->createAccount($domain, 'john', "s3cret 'x'", [
    'attributes' => ['mustChangePass' => true],
    'quotas' => ['totalMessageSize' => 102400],
    'contact' => ['firstName' => 'Jörg'],
]);
same(['john', 'postmaster'], $server->listAccounts($domain));
same('yes', $server->showAccount($domain, 'john')['mustChangePass']);
same('102400', $server->showQuotas($domain, 'john')['totalMessageSize']);
same('Jörg', $server->showContactInfo($domain, 'john')['firstName']);
$server->addAlias($domain, 'john', 'jack');
$server->addAlias($domain, 'john', 'jim');
$server->removeAlias($domain, 'john', 'jack');
same(['jim'], $server->listAliases($domain, 'john'));
$server->updateAccount($domain, 'john', ['attributes' => ['name' => 'johnny', 'password' => 'other'], 'limits' => ['imapConnectionCount' => 3]]);

foreach (['Group', 'Forwarder'] as $kind) {
    $server->{"create$kind"}($domain, 'team', ["johnny@$domain", 'x@example.net']);
    same(['team'], $server->{"list{$kind}s"}($domain));
    $server->{"update$kind"}($domain, 'team', ['enable' => false], ['y@example.net'], ['x@example.net']);
    $shown = $server->{"show$kind"}($domain, 'team');
    same(['no', ["johnny@$domain", 'y@example.net']], [$shown['enable'], $shown['addresses']]);
    $server->{"delete$kind"}($domain, 'team');
    same([], $server->{"list{$kind}s"}($domain));
}
try {
    $server->deleteAccount($domain, 'nobody');
    throw new Exception('nobody could be deleted');
} catch (PostriderCommandException $refused) {
    same('there is no account nobody', $refused->getMessage());
}
try {
    $server->createAccount($domain, "evil\r\nQUIT", 'x');
    throw new Exception('a line end was taken');
} catch (InvalidArgumentException $refused) {
}
$server->deleteAccount($domain, 'johnny');
$server->deleteDomain($domain, false);
same(false, in_array($domain, $server->listDomains(), true));
$server->saveConfig();
$server->close();
try {
    $server->connect('127.0.0.1', (int) $argv[2], 'admin', 'wrong');
    throw new Exception('a wrong password was taken');
} catch (PostriderCommandException $refused) {
}
echo "all is well\n";
