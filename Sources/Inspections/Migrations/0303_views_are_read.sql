-- Views are for reading.
REVOKE INSERT ON inspections.current_results, inspections.current_result_items, inspections.releasable_results,
    inspections.current_teams, inspections.visit_states, inspections.consequence_states, inspections.consequences_open,
    inspections.lead_states FROM yaohao_worker;

-- What other slices may rely on: the lines of each round's amendments.jsonl (draw-v1 §9), which belong to the auditors'
-- bundle.
CREATE VIEW inspections.amendment_lines AS
    SELECT round, number, line FROM inspections.amendments;
GRANT SELECT ON inspections.amendment_lines TO yaohao_worker;
