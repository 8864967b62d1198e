// libxlsxwriter, which writes .xlsx.
#include <xlsxwriter.h>
