-- Annual and joint plans: their versions, what was said of them, and which lines may be drawn from.
CREATE SCHEMA plans;
GRANT USAGE ON SCHEMA plans TO yaohao_worker, yaohao_notifier;
