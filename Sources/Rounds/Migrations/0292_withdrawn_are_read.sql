-- The console shows what departments have taken back.
GRANT SELECT ON rounds.withdrawn_requests TO yaohao_console;
