-- wrk: the addresses after -- in turn, so that every kind of page is asked.
local paths, turn = {}, 0
init = function(arguments) paths = arguments end
request = function()
  turn = turn % #paths + 1
  return wrk.format("GET", paths[turn])
end
