// libzip, which reads the containers of .xlsx and .docx.
#include <zip.h>
