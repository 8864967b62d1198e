-- What a person is about to submit in the place of a dead letter; the same again adds nothing.
CREATE FUNCTION console.letter_corrected(which bigint, its_source text, its_id text, its_department text,
    its_person text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = console, pg_temp AS $$
    INSERT INTO cluster.letter_corrections (letter, source, id, department, person)
    VALUES (which, its_source, its_id, its_department, its_person) ON CONFLICT DO NOTHING
$$;
REVOKE EXECUTE ON FUNCTION console.letter_corrected FROM PUBLIC;
GRANT EXECUTE ON FUNCTION console.letter_corrected TO yaohao_console;
